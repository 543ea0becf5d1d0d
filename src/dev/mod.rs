//! What lives here: what only `vestibule dev` has – the mailbox and inbox pages, a demo relying party and five fake providers.
//! What may not: anything a production server needs, and no way around the rules: it stands outside like any other client.
//! How to add one: a file with a router that `app.rs` puts on in development mode.
//! Where it is tested: unit tests in each file, and as journeys in `tests/it`.

pub mod demo;
pub mod fakes;
pub mod inbox;
pub mod mailbox;
