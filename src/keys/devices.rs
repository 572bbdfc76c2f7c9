//! Keys of devices: whether bytes are a public key, and which records of a batch lack a signature of it (ADR 0077).
//!
//! What is signed, and what follows from a missing signature, is the core's (`core::attest`). Called when a key is registered and by
//! the actor of a user whose device has one.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey,
};
use streakline_core::{
    attest::{Algorithm, PublicKey, message},
    id::{DeviceId, UserId},
    record::Record,
    sample::RecordRefusal,
};

/// Length of a signature that is two numbers of 32 bytes; any other of ECDSA is DER.
const FIXED_BYTES: usize = 64;

/// A public key that is ready to verify.
struct Verifier {
    plain: ParsedPublicKey,
    /// For signatures in DER, of ECDSA alone.
    der: Option<ParsedPublicKey>,
}

impl Verifier {
    fn of(key: &PublicKey) -> Option<Self> {
        if key.bytes.len() != key.algorithm.key_bytes() {
            return None;
        }
        Some(match key.algorithm {
            Algorithm::Ed25519 => Self {
                plain: ParsedPublicKey::new(&ED25519, &key.bytes).ok()?,
                der: None,
            },
            Algorithm::Es256 => Self {
                plain: ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.bytes).ok()?,
                der: Some(ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.bytes).ok()?),
            },
        })
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let der = self.der.as_ref();
        let der = der.filter(|_| signature.len() != FIXED_BYTES);
        let key = der.unwrap_or(&self.plain);
        key.verify_sig(message, signature).is_ok()
    }
}

/// Whether the bytes are a public key of their algorithm.
#[must_use]
pub fn is_key(key: &PublicKey) -> bool {
    Verifier::of(key).is_some()
}

/// Places of the records of a batch without a signature of the key, rising. `signatures`: by place, rising. A deletion needs none,
/// and of a refused record nobody asks.
#[must_use]
pub fn unsigned(
    (user, device): (&UserId, DeviceId),
    key: &PublicKey,
    records: &[Result<Record, RecordRefusal>],
    signatures: &[(u32, Box<[u8]>)],
) -> Vec<u32> {
    let verifier = Verifier::of(key);
    let is_signed = |place: u32, record: &Record| {
        let found = signatures.binary_search_by_key(&place, |(at, _)| *at);
        let found = found.ok().and_then(|at| signatures.get(at));
        let verified = found
            .zip(verifier.as_ref())
            .map(|((_, bytes), verifier)| verifier.verifies(&message(user, device, record), bytes));
        verified == Some(true)
    };
    let asked = (0..).zip(records).filter_map(|(place, record)| {
        let record = record.as_ref().ok().filter(|record| !record.is_deleted())?;
        Some((place, record))
    });
    let missing = asked.filter(|(place, record)| !is_signed(*place, record));
    missing.map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        digest::{SHA256, digest},
        signature::{
            ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
            EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
        },
    };
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use streakline_core::{
        id::RecordId,
        metric::Metric,
        record::Content,
        sample::{Method, RecordCode},
    };

    use super::*;
    use crate::protocol::body::hex;

    fn ann() -> UserId {
        UserId::parse("ann").unwrap()
    }

    fn watch() -> DeviceId {
        DeviceId::parse("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11").unwrap()
    }

    fn record(number: u64) -> Record {
        Record {
            id: RecordId::Number(number),
            version: 1,
            metric: Metric::STEPS,
            start_ms: 1_460_534_400_000,
            end_ms: 1_460_534_460_000,
            offset_s: Some(7_200),
            content: Content::Delta(87),
            method: Method::Auto,
            worn: Some(true),
        }
    }

    fn ed25519() -> (PublicKey, impl Fn(&[u8]) -> Vec<u8>) {
        let seed: Vec<u8> = (0..32).collect();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let key = PublicKey {
            algorithm: Algorithm::Ed25519,
            bytes: pair.public_key().as_ref().to_vec(),
        };
        (key, move |message| pair.sign(message).as_ref().to_vec())
    }

    fn es256(form: &'static EcdsaSigningAlgorithm) -> (PublicKey, impl Fn(&[u8]) -> Vec<u8>) {
        let pair = EcdsaKeyPair::generate(form).unwrap();
        let key = PublicKey {
            algorithm: Algorithm::Es256,
            bytes: pair.public_key().as_ref().to_vec(),
        };
        let sign = move |message: &[u8]| {
            let signed = pair.sign_digest(&digest(&SHA256, message)).unwrap();
            signed.as_ref().to_vec()
        };
        (key, sign)
    }

    /// Whether a record that ann's watch sends is signed.
    fn is_signed(key: &PublicKey, record: &Record, signature: Vec<u8>) -> bool {
        let signatures = [(0, signature.into_boxed_slice())];
        let records = [Ok(record.clone())];
        unsigned((&ann(), watch()), key, &records, &signatures).is_empty()
    }

    /// Everything that a signature must not be moved to.
    fn judge(key: &PublicKey, sign: impl Fn(&[u8]) -> Vec<u8>) {
        let (own, bob) = (record(8_812), UserId::parse("bob").unwrap());
        let of = |user: &UserId, device, record: &Record| sign(&message(user, device, record));
        assert!(is_key(key));
        assert!(is_signed(key, &own, of(&ann(), watch(), &own)));
        assert!(!is_signed(key, &own, of(&bob, watch(), &own)));
        assert!(!is_signed(key, &own, of(&ann(), DeviceId([7; 16]), &own)));
        assert!(!is_signed(key, &own, of(&ann(), watch(), &record(8_813))));
        let more = Record {
            content: Content::Delta(88),
            ..own.clone()
        };
        assert!(!is_signed(key, &more, of(&ann(), watch(), &own)));
        let mut broken = of(&ann(), watch(), &own);
        broken[9] ^= 1;
        assert!(!is_signed(key, &own, broken));
        assert!(!is_signed(key, &own, Vec::new()));
    }

    #[test]
    fn a_signature_is_of_one_user_device_record_and_content() {
        let (key, sign) = ed25519();
        judge(&key, sign);
        for form in [
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &ECDSA_P256_SHA256_ASN1_SIGNING,
        ] {
            let (key, sign) = es256(form);
            judge(&key, sign);
        }
    }

    #[test]
    fn a_signature_of_another_key_is_none() {
        let (_, sign) = es256(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let (other, _) = es256(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let own = record(1);
        let signature = sign(&message(&ann(), watch(), &own));
        assert!(!is_signed(&other, &own, signature.clone()));
        assert!(!is_signed(&ed25519().0, &own, signature));
    }

    #[test]
    fn records_that_lack_a_signature_are_told_by_their_places() {
        let (key, sign) = ed25519();
        let gone = Record {
            content: Content::Deleted,
            ..record(3)
        };
        let refused = RecordRefusal::new(RecordCode::Range, "too many");
        let records = [
            Ok(record(1)),
            Ok(record(2)),
            Err(refused),
            Ok(gone),
            Ok(record(5)),
            Ok(record(6)),
        ];
        let sign = |number| sign(&message(&ann(), watch(), &record(number))).into_boxed_slice();
        let signatures = [(0, sign(1)), (4, sign(6)), (5, sign(6))];
        let missing = unsigned((&ann(), watch()), &key, &records, &signatures);
        assert_eq!(missing, [1, 4]);
    }

    #[test]
    fn other_bytes_are_no_key() {
        let (key, _) = es256(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let with = |algorithm, bytes: &[u8]| PublicKey {
            algorithm,
            bytes: bytes.to_vec(),
        };
        assert!(!is_key(&with(Algorithm::Ed25519, &key.bytes)));
        assert!(!is_key(&with(Algorithm::Es256, &key.bytes[..64])));
        let mut off_the_curve = key.bytes;
        off_the_curve[64] ^= 1;
        assert!(!is_key(&with(Algorithm::Es256, &off_the_curve)));
        let (key, _) = ed25519();
        assert!(!is_key(&with(Algorithm::Ed25519, &key.bytes[1..])));
    }

    /// The worked example of docs/protocol.md, for whoever writes a client.
    #[test]
    fn the_page_of_the_protocol_shows_what_is_signed() {
        let page = format!("{}/docs/protocol.md", env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(page).unwrap();
        let (_, shown) = page.split_once("The bytes that are signed:\n\n").unwrap();
        let lines = shown.lines().take_while(|line| line.starts_with("    "));
        let shown: String = lines
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        let (key, sign) = ed25519();
        let message = message(&ann(), watch(), &record(8_812));
        assert_eq!(hex(&message), shown);
        for said in [
            URL_SAFE_NO_PAD.encode(&key.bytes),
            URL_SAFE_NO_PAD.encode(sign(&message)),
            key.id().to_string(),
        ] {
            assert!(page.contains(&said), "{said}");
        }
    }
}
