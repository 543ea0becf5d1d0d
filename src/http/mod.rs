//! What lives here: what every page and answer shares – the frame of a page, cookies, errors, the server loop.
//! What may not: pages of their own, rules, SQL.
//! How to add one: a file that imports leaves (and actions) only.
//! Where it is tested: unit tests in each file.

pub mod assets;
pub mod shell;
