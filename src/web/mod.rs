//! What lives here: people – pages, forms, cookies.
//! What may not: rules, SQL, tokens of the protocol.
//! How to add one: a view model and template under `pages`, a handler beside it.
//! Where it is tested: `pages::samples` for the HTML, `tests/it` for the behaviour.
