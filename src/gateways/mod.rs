//! What lives here: the outside world – mail, and later SMS and other servers.
//! What may not: rules, SQL, HTTP answers of our own.
//! How to add one: a folder per kind of neighbour; it imports leaves only.
//! Where it is tested: unit tests in each file, and against real servers in `tests/it`.

pub mod http;
pub mod mail;
