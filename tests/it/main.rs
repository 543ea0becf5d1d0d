//! The integration tests, one binary.

#[cfg(test)]
mod smtp;
#[cfg(test)]
mod world;
