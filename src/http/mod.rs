//! What lives here: the plumbing every page and endpoint shares – the server loop, the context of a request, who visits,
//! cookies, forms, security headers, the frame of a page, answers.
//! What may not: pages of their own, rules, SQL; it imports leaves, `pages`, `actions` and `engine`'s types only.
//! How to add one: a file per concern, with a function or extractor that the rooms call.
//! Where it is tested: unit tests in each file, and through every route in `tests/it`.

pub mod assets;
pub mod compress;
pub mod context;
pub mod cookies;
pub mod csp;
pub mod csrf;
pub mod departure;
pub mod form;
pub mod layers;
pub mod limited;
pub mod once_more;
pub mod page;
pub mod server;
pub mod shell;
pub mod visitor;
