//! The integration tests, one binary.

#[cfg(test)]
mod relying_party;
#[cfg(test)]
mod rfc;
#[cfg(test)]
mod smtp;
#[cfg(test)]
mod world;
