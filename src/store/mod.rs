//! Rows in and out: the only room that knows SQL.
//!
//! * **Here**: a file per table (or the few that belong together), each query written once for both databases; the unit of work
//!   [`Tx`]; migrations.
//! * **Not here**: decisions. A function reads facts or writes what the engine decided; a guard in a `WHERE` makes single use single.
//! * **To add one**: a function in the table's file with [`sql`]'s macros and `$1` parameters; a table needs its pair of migrations,
//!   a retention rule in [`sweep`] and a line in the contract tests.
//! * **Tested**: `tests/it/store_contract/`, the same tests on SQLite and PostgreSQL, with ten-way races for every guarded write.

pub mod address_changes;
pub mod clients;
pub mod consents;
mod copy;
mod db;
pub mod enrolled;
mod error;
pub mod events;
pub mod factors;
pub mod facts;
pub mod flows;
mod gather;
pub mod grants;
mod group;
pub mod identities;
pub mod keys;
pub mod limits;
pub mod lock_down;
mod migrate;
pub mod nodes;
pub mod outbox;
pub mod passkeys;
mod pool;
pub mod recovery;
pub mod removal;
pub mod sealed;
pub mod sessions;
pub mod sms;
pub mod spent;
mod sql;
pub mod sweep;
pub mod trusted;
mod unreachable;
pub mod users;

pub use db::{Location, PATIENCE, Store, Tx};
pub use error::{Result, StoreError};
pub use gather::Question;
pub use migrate::{Migrating, names as migration_names};
