//! Five ways to keep a processor busy, for guests and, natively, for benchmarks.

use sha2::{Digest, Sha256};
use std::hint::black_box;

/// Names of the five.
#[allow(dead_code)]
pub const ALL: [&str; 5] = ["hash", "json", "sieve", "float", "chase"];

/// Does one of them so often; each time takes about a millisecond. Returns something
/// that depends on all of it.
pub fn work(name: &str, times: u64) -> u64 {
    let step = match name {
        "hash" => hash,
        "json" => json,
        "sieve" => sieve,
        "float" => float,
        _ => chase,
    };
    (0..times).fold(0, |sum, time| sum ^ black_box(step(black_box(time))))
}

/// SHA-256 over 256 KiB.
fn hash(seed: u64) -> u64 {
    let block = [u8::try_from(seed & 0xff).unwrap_or(0); 4096];
    let mut hasher = Sha256::new();
    for _ in 0..64 {
        hasher.update(black_box(block));
    }
    hasher.finalize().iter().map(|&byte| u64::from(byte)).sum()
}

/// A document of a hundred objects, read and written.
fn json(seed: u64) -> u64 {
    let mut text = String::from("[");
    for index in 0..100 {
        text.push_str(&format!(
            r#"{{"id":{},"name":"pod-{index}","labels":{{"app":"web","tier":"front"}},"ready":true,"load":{}.5}},"#,
            seed.wrapping_add(index),
            index * 3
        ));
    }
    text.push_str("null]");
    let mut sum = 0;
    for _ in 0..8 {
        let read: Result<serde_json::Value, _> = serde_json::from_str(black_box(&text));
        let written = read.map(|value| value.to_string()).unwrap_or_default();
        sum += written.len();
    }
    u64::try_from(sum).unwrap_or(0)
}

/// Primes below 200,000.
fn sieve(seed: u64) -> u64 {
    let mut composite = vec![false; 200_000];
    let mut primes = seed & 1;
    for number in 2..composite.len() {
        if composite[number] {
            continue;
        }
        primes += 1;
        let mut multiple = number * number;
        while multiple < composite.len() {
            composite[multiple] = true;
            multiple += number;
        }
    }
    primes
}

/// Steps of a simple differential equation.
fn float(seed: u64) -> u64 {
    let mut x = 1.0 + (seed & 7) as f64;
    let mut v = 0.5_f64;
    for _ in 0..200_000 {
        let force = -x + 0.1 * (1.0 - x * x) * v;
        v += force * 1e-3;
        x += v * 1e-3;
    }
    x.to_bits() ^ v.to_bits()
}

/// Follows a chain through 8 MiB that a cache cannot guess.
fn chase(seed: u64) -> u64 {
    thread_local! {
        static CHAIN: Vec<u32> = chain();
    }
    CHAIN.with(|chain| {
        let mut at = (seed as usize) % chain.len();
        for _ in 0..20_000 {
            at = chain[at] as usize;
        }
        at as u64
    })
}

fn chain() -> Vec<u32> {
    const LENGTH: u32 = 2 << 20;
    let mut chain: Vec<u32> = (0..LENGTH).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    // Sattolo's shuffle: one cycle through all of it.
    for index in (1..chain.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        chain.swap(index, (random % index as u64) as usize);
    }
    chain
}
