//! Text messages: providers that speak their real wire format on loopback, the outbox's patience with them, and the guard
//! against those who would have us pay.

mod guard;
mod journeys;
mod outbox;
mod providers;
mod server;
