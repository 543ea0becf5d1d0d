//! Several nodes on one PostgreSQL, and what becomes of them when it goes away, goes silent, or comes back as another.

mod clients;
mod fleet;
mod keys;
mod master_keys;
mod pooler;
mod reach;
mod silence;
