//! Raw DEFLATE into a hard cap.
//!
//! Source: saml-bindings-2.0-os 3.4.4.1 and RFC 1951; security case SAML-25.

use flate2::{Decompress, FlushDecompress, Status};

/// The largest message, in octets: what the XML reader takes from strangers.
pub(super) const LARGEST: usize = 64 * 1024;

/// Inflates one complete raw DEFLATE stream with nothing behind it.
///
/// The output never grows beyond [`LARGEST`], whatever the input promises; the error says what is wrong.
pub(crate) fn inflate(deflated: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut stream = Decompress::new(false);
    let mut out = Vec::with_capacity(deflated.len().saturating_mul(4).min(LARGEST) + 1);
    loop {
        let taken = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        let rest = deflated.get(taken..).unwrap_or_default();
        let before = (stream.total_in(), stream.total_out());
        let status = stream
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| "it is not raw DEFLATE")?;
        if out.len() > LARGEST {
            return Err("it inflates to more than 64 KiB");
        }
        match status {
            Status::StreamEnd => break,
            Status::Ok | Status::BufError => {}
        }
        if out.len() == out.capacity() {
            let room = (LARGEST + 1 - out.len()).min(out.len().max(4096));
            out.reserve_exact(room);
        } else if before == (stream.total_in(), stream.total_out()) {
            return Err("the DEFLATE stream is cut off");
        }
    }
    if stream.total_in() != deflated.len() as u64 {
        return Err("there are octets behind the DEFLATE stream");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn deflate(plain: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_deflated_comes_back() {
        for plain in [&b""[..], b"a", &[b'x'; LARGEST], &[0x5a; 5000]] {
            assert_eq!(inflate(&deflate(plain)).unwrap(), plain);
        }
        let mixed: Vec<u8> = (0..60_000u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
            .take(LARGEST)
            .collect();
        assert_eq!(inflate(&deflate(&mixed)).unwrap(), mixed);
    }

    #[test]
    fn sec_saml_25_bombs_stop_at_the_cap() {
        for size in [LARGEST + 1, 8 << 20, 256 << 20] {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            std::io::copy(&mut std::io::repeat(0).take(size as u64), &mut encoder).unwrap();
            let bomb = encoder.finish().unwrap();
            let begun = std::time::Instant::now();
            assert_eq!(inflate(&bomb), Err("it inflates to more than 64 KiB"));
            assert!(begun.elapsed().as_millis() < 50, "{size}");
        }
    }

    #[test]
    fn sec_saml_25_only_one_whole_raw_stream() {
        let good = deflate(b"<message/>");
        let mut trailing = good.clone();
        trailing.push(0);
        assert_eq!(
            inflate(&trailing),
            Err("there are octets behind the DEFLATE stream")
        );
        for end in 0..good.len() {
            assert!(inflate(&good[..end]).is_err(), "cut at {end}");
        }
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(b"<message/>").unwrap();
        assert!(inflate(&zlib.finish().unwrap()).is_err());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(b"<message/>").unwrap();
        assert!(inflate(&gzip.finish().unwrap()).is_err());
        assert!(inflate(b"<samlp:AuthnRequest/>").is_err());
    }
}
