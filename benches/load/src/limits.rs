//! The limits of the machine that the server cannot beat: what one bare answer, one signature, one password hash
//! and one durable row cost here, measured in the same run on the same core.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use axum::{Router, routing};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::measure::{cpu_seconds, percentile};

/// One limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Limit {
    pub name: String,
    pub per_second: f64,
    /// CPU seconds per 1,000.
    pub cpu_per_thousand: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

pub const ES256_SIGN: &str = "ES256 signature";
pub const ES256_VERIFY: &str = "ES256 verification";
pub const RS256_SIGN: &str = "RS256 signature (2048 bits)";
pub const RS256_VERIFY: &str = "RS256 verification";
pub const HASH: &str = "argon2id hash (19 MiB, t=2, p=1)";
pub const READ: &str = "SQLite read of one row by key";
pub const COMMIT: &str = "single-row durable commit (WAL, synchronous=FULL)";
pub const ROW: &str = "row in a durable commit shared by 16";

/// About the length of a signed JWT's header and claims.
const MESSAGE: [u8; 600] = [b'x'; 600];

/// Measures every limit for `length` each, with the database file in `directory`.
pub fn all(directory: &Path, length: Duration) -> Result<Vec<Limit>> {
    let mut limits = Vec::new();
    signatures(&mut limits, length)?;
    password_hash(&mut limits, length)?;
    rows(&mut limits, directory, length)?;
    Ok(limits)
}

/// Repeats `work`, which does `batch` operations, until `length` has passed.
fn repeat(name: &str, batch: u32, length: Duration, mut work: impl FnMut() -> Result<()>) -> Result<Limit> {
    work()?; // warm
    let mut times = Vec::new();
    let cpu_before = cpu_seconds("self")?;
    let start = Instant::now();
    let mut before = start;
    while before - start < length {
        work()?;
        let after = Instant::now();
        times.push(after - before);
        before = after;
    }
    let operations = times.len() as f64 * f64::from(batch);
    let cpu = cpu_seconds("self")? - cpu_before;
    times.sort_unstable();
    Ok(Limit {
        name: name.to_owned(),
        per_second: operations / (before - start).as_secs_f64(),
        cpu_per_thousand: cpu * 1000.0 / operations,
        p50_ms: percentile(&times, 0.50).as_secs_f64() * 1000.0,
        p99_ms: percentile(&times, 0.99).as_secs_f64() * 1000.0,
    })
}

fn signatures(limits: &mut Vec<Limit>, length: Duration) -> Result<()> {
    let random = SystemRandom::new();
    let es256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    limits.push(repeat(ES256_SIGN, 1, length, || {
        std::hint::black_box(es256.sign(&random, &MESSAGE)?);
        Ok(())
    })?);
    let signature = es256.sign(&random, &MESSAGE)?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, es256.public_key().as_ref()).parse()?;
    limits.push(repeat(ES256_VERIFY, 1, length, || Ok(public.verify_sig(&MESSAGE, signature.as_ref())?))?);

    let rs256 = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let mut signature = vec![0; rs256.public_modulus_len()];
    limits.push(repeat(RS256_SIGN, 1, length, || Ok(rs256.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature)?))?);
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rs256.public_key().as_ref()).parse()?;
    limits.push(repeat(RS256_VERIFY, 1, length, || Ok(public.verify_sig(&MESSAGE, &signature)?))?);
    Ok(())
}

fn password_hash(limits: &mut Vec<Limit>, length: Duration) -> Result<()> {
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|error| anyhow!("{error}"))?;
    let mut memory = vec![Block::default(); params.block_count()]; // reused, as the server does
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut out = [0; 32];
    limits.push(repeat(HASH, 1, length, || {
        argon2
            .hash_password_into_with_memory(b"correct horse battery staple", b"16 bytes of salt", &mut out, &mut memory)
            .map_err(|error| anyhow!("{error}"))
    })?);
    Ok(())
}

const INSERT: &str = "INSERT INTO rows (owner, hash, at) VALUES ($1, $2, $3)";

fn rows(limits: &mut Vec<Limit>, directory: &Path, length: Duration) -> Result<()> {
    let mut database = Connection::open(directory.join("limits.sqlite"))?;
    database.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE rows (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, hash BLOB NOT NULL, at INTEGER NOT NULL) STRICT;",
    )?;
    let mut number: i64 = 0;
    for (name, batch) in [(COMMIT, 1), (ROW, 16)] {
        limits.push(repeat(name, batch, length, || {
            let transaction = database.transaction()?;
            for _ in 0..batch {
                number += 1;
                transaction.prepare_cached(INSERT)?.execute(params!["user_01jabcdefghjkmnpqrstvwxyz0", [7_u8; 32], number])?;
            }
            Ok(transaction.commit()?)
        })?);
    }
    let mut key = 0;
    limits.push(repeat(READ, 1, length, || {
        key = key % number + 1;
        let mut statement = database.prepare_cached("SELECT owner, hash, at FROM rows WHERE id = $1")?;
        statement.query_row([key], |row| {
            std::hint::black_box((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?));
            Ok(())
        })?;
        Ok(())
    })?);
    Ok(())
}

/// The cheapest answer axum can give: `GET /healthz`, two bytes.
pub async fn bare_server(port: u16) -> Result<()> {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await?;
    let router = Router::new().route("/healthz", routing::get(async || "ok"));
    Ok(axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), router).await?)
}
