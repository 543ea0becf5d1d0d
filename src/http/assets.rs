//! The files under `/static`, built into the binary; each path names its content, so browsers may keep it for ever.

use std::sync::LazyLock;

use super::compress::Packed;

/// A static file: where it is served, as what, and its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Absolute path with the hash of the content.
    pub path: &'static str,
    pub content_type: &'static str,
    pub body: &'static [u8],
}

const STYLE: &[u8] = include_bytes!("../../static/style.css");
const SCRIPT: &[u8] = include_bytes!("../../static/enhance.js");
const PASSKEYS: &[u8] = include_bytes!("../../static/passkeys.js");
const MARK: &[u8] = include_bytes!("../../static/mark.svg");

const STYLE_BYTES: [u8; 26] = named(b"/static/style.", STYLE, b".css");
const SCRIPT_BYTES: [u8; 27] = named(b"/static/enhance.", SCRIPT, b".js");
const PASSKEYS_BYTES: [u8; 28] = named(b"/static/passkeys.", PASSKEYS, b".js");
const MARK_BYTES: [u8; 25] = named(b"/static/mark.", MARK, b".svg");

/// Path of the stylesheet.
pub const STYLE_PATH: &str = text(&STYLE_BYTES);
/// Path of the optional script.
pub const SCRIPT_PATH: &str = text(&SCRIPT_BYTES);
/// Path of the script of pages with passkeys.
pub const PASSKEYS_PATH: &str = text(&PASSKEYS_BYTES);
/// Path of the mark, which is also the favicon.
pub const MARK_PATH: &str = text(&MARK_BYTES);

/// Every static file.
pub const ASSETS: [Asset; 4] = [
    Asset { path: STYLE_PATH, content_type: "text/css; charset=utf-8", body: STYLE },
    Asset { path: SCRIPT_PATH, content_type: "text/javascript; charset=utf-8", body: SCRIPT },
    Asset { path: PASSKEYS_PATH, content_type: "text/javascript; charset=utf-8", body: PASSKEYS },
    Asset { path: MARK_PATH, content_type: "image/svg+xml", body: MARK },
];

/// The files of [`ASSETS`], in the same order, in every coding.
static PACKED: LazyLock<[Packed; 4]> = LazyLock::new(|| ASSETS.map(|asset| Packed::new(asset.body)));

/// The file of this path, and its bytes in every coding.
pub(super) fn find(path: &str) -> Option<(&'static Asset, &'static Packed)> {
    ASSETS.iter().zip(PACKED.iter()).find(|(asset, _)| asset.path == path)
}

/// FNV-1a, 32 bits: it tells versions of one file apart, nothing more.
const fn fnv1a(mut bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    while let [first, rest @ ..] = bytes {
        hash = (hash ^ *first as u32).wrapping_mul(0x0100_0193);
        bytes = rest;
    }
    hash
}

const fn hex(hash: u32, shift: u32) -> u8 {
    let nibble = (hash >> shift & 0xf) as u8;
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

const fn named<const N: usize>(prefix: &[u8], body: &[u8], suffix: &[u8]) -> [u8; N] {
    let hash = fnv1a(body);
    let digits =
        [hex(hash, 28), hex(hash, 24), hex(hash, 20), hex(hash, 16), hex(hash, 12), hex(hash, 8), hex(hash, 4), hex(hash, 0)];
    let mut path = [0; N];
    let rest = copy(&mut path, prefix);
    let rest = copy(rest, &digits);
    copy(rest, suffix);
    path
}

/// Copies `source` to the front of `target` and returns the rest of `target`.
const fn copy<'a>(target: &'a mut [u8], source: &[u8]) -> &'a mut [u8] {
    let [first, from @ ..] = source else {
        return target;
    };
    match target {
        [slot, rest @ ..] => {
            *slot = *first;
            copy(rest, from)
        }
        [] => target,
    }
}

const fn text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "/static/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_carry_a_hash_and_nothing_else() {
        for asset in ASSETS {
            let mut parts = asset.path.split('.');
            assert!(parts.next().unwrap().starts_with("/static/"));
            let hash = parts.next().unwrap();
            assert!(hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", asset.path);
            assert!(["css", "js", "svg"].contains(&parts.next().unwrap()), "{}", asset.path);
        }
    }

    #[test]
    fn fnv_matches_its_published_vector() {
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }
}
