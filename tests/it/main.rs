//! The integration tests, one binary.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod compression;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod enumeration;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod logging;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod nodes;
#[cfg(test)]
#[cfg(test)]
mod plans;
#[cfg(test)]
mod process;
#[cfg(test)]
mod references;
#[cfg(test)]
mod relying_party;
#[cfg(test)]
mod rfc;
#[cfg(test)]
mod sms;
#[cfg(test)]
mod smtp;
#[cfg(test)]
mod store_contract;
#[cfg(test)]
mod world;
