//! Random changes to bytes and to JSON.

use rand::{Rng, RngExt};
use serde_json::{Value, json};

/// Changes some bytes: flips, overwrites, cuts, repeats, inserts.
pub fn bytes(original: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..random.random_range(1..=8) {
        if bytes.is_empty() {
            return bytes;
        }
        // Beginnings decide most: half of the changes are there.
        let end = if random.random_bool(0.5) { bytes.len().min(256) } else { bytes.len() };
        let at = random.random_range(0..end);
        match random.random_range(0..6) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes[at] = random.random(),
            2 => bytes.truncate(at),
            3 => {
                let large = [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0, 0, 0xea, 0x60], [0; 4]][random.random_range(0..4)];
                let length = (bytes.len() - at).min(4);
                bytes[at..at + length].copy_from_slice(&large[..length]);
            }
            4 => {
                let part = bytes[at..(at + random.random_range(1..64)).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            _ => drop(bytes.drain(at..(at + random.random_range(1..64)).min(bytes.len()))),
        }
    }
    bytes
}

/// Changes some values of a JSON document, or removes or adds some.
pub fn json(original: &Value, random: &mut impl Rng) -> Value {
    let mut document = original.clone();
    for _ in 0..random.random_range(1..=4) {
        change(&mut document, random);
    }
    document
}

fn change(value: &mut Value, random: &mut impl Rng) {
    match value {
        Value::Object(map) if !map.is_empty() && random.random_bool(0.9) => {
            let key = map.keys().nth(random.random_range(0..map.len())).cloned().unwrap_or_default();
            match random.random_range(0..12) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(format!("{key}x"), hostile(random))),
                _ => change(&mut map[&key], random),
            }
        }
        Value::Array(list) if !list.is_empty() && random.random_bool(0.9) => {
            let at = random.random_range(0..list.len());
            match random.random_range(0..8) {
                0 => drop(list.remove(at)),
                1 => list.insert(at, hostile(random)),
                _ => change(&mut list[at], random),
            }
        }
        other => *other = hostile(random),
    }
}

/// Returns a value that a careless reader trips over.
fn hostile(random: &mut impl Rng) -> Value {
    let nested = |depth: usize| (0..depth).fold(json!(0), |inner, _| json!([inner]));
    match random.random_range(0..14) {
        0 => json!(0),
        1 => json!(-1),
        2 => json!(u64::MAX),
        3 => json!(1_000_000_000u64),
        4 => json!(1e300),
        5 => json!(0.001),
        6 => json!("<img src=x onerror=alert(1)>"),
        7 => json!("x".repeat(random.random_range(0..4096))),
        8 => json!(null),
        9 => json!(true),
        10 => json!({}),
        11 => nested(random.random_range(1..100)),
        12 => json!([u64::MAX, u64::MAX]),
        _ => json!(random.random_range(0..4096)),
    }
}
