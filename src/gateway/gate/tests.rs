//! The gate against bytes cut anywhere.

use futures_util::{FutureExt, StreamExt, stream};

use super::*;

/// A masked text frame.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x81, 0x80 | u8::try_from(payload.len()).unwrap()];
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

fn chunks(bytes: &[u8], size: usize) -> Vec<Result<Bytes, PayloadError>> {
    let pieces = bytes.chunks(size);
    pieces
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect()
}

fn gate(
    bytes: &[u8],
    size: usize,
    handle: &GateHandle,
) -> Gate<impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + use<>> {
    let pending = stream::iter(chunks(bytes, size)).chain(stream::pending());
    Gate::new(pending, handle.clone(), 64)
}

/// All bytes up to the next standstill.
fn until_standstill<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin>(
    gate: &mut S,
) -> Vec<u8> {
    let mut bytes = vec![];
    while let Some(Some(Ok(piece))) = gate.next().now_or_never() {
        bytes.extend(piece);
    }
    bytes
}

#[test]
fn one_whole_frame_passes_at_a_time() {
    let both = [frame(b"first"), frame(b"second")].concat();
    for size in [1, 3, 7, 100] {
        let mut gate = gate(&both, size, &GateHandle::default());
        assert_eq!(until_standstill(&mut gate), frame(b"first"), "{size}");
        assert_eq!(until_standstill(&mut gate), frame(b"second"), "{size}");
    }
}

#[test]
fn a_shut_gate_holds_back_the_next_frame() {
    let handle = GateHandle::default();
    let both = [frame(b"first"), frame(b"second")].concat();
    let mut gate = gate(&both, 100, &handle);
    assert_eq!(until_standstill(&mut gate), frame(b"first"));
    handle.set_open(false);
    assert_eq!(until_standstill(&mut gate), b"");
    assert_eq!(until_standstill(&mut gate), b"");
    handle.set_open(true);
    assert_eq!(until_standstill(&mut gate), frame(b"second"));
}

#[test]
fn opening_wakes_the_reader() {
    let handle = GateHandle::default();
    handle.set_open(false);
    let mut gate = gate(&frame(b"x"), 100, &handle);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let read = local.block_on(&runtime, async move {
        let reader = tokio::task::spawn_local(async move { gate.next().await });
        tokio::task::yield_now().await;
        handle.set_open(true);
        reader.await.unwrap()
    });
    let header = read.unwrap().unwrap();
    assert!(frame(b"x").starts_with(&header) && !header.is_empty());
}

#[test]
fn a_frame_above_the_limit_ends_the_stream_at_its_header() {
    let handle = GateHandle::default();
    let mut header = vec![0x81, 0xff];
    header.extend(1_000_000_u64.to_be_bytes());
    header.extend([0; 4]);
    let mut gate = gate(&header, 100, &handle);
    let error = gate.next().now_or_never().unwrap().unwrap();
    assert!(matches!(error, Err(PayloadError::Overflow)));
    assert_eq!(handle.fault(), Some(Fault::TooLarge));
}

#[test]
fn a_discarding_gate_ends_at_the_close_frame() {
    let handle = GateHandle::default();
    let close = [0x88, 0x80, 0, 0, 0, 0];
    let bytes = [frame(b"noise"), close.to_vec()].concat();
    for size in [1, 100] {
        let mut gate = gate(&bytes, size, &handle);
        handle.discard();
        assert!(gate.next().now_or_never().unwrap().is_none(), "{size}");
    }
    handle.set_open(true);
    assert!(!handle.is_open(), "there is no way back");
}

#[test]
fn a_peer_that_vanishes_is_a_fault() {
    let handle = GateHandle::default();
    let gone = stream::iter([Err(PayloadError::Incomplete(None))]);
    let mut gate = Gate::new(gone, handle.clone(), 64);
    assert!(gate.next().now_or_never().unwrap().unwrap().is_err());
    assert_eq!(handle.fault(), Some(Fault::Gone));
}

#[test]
fn a_malformed_header_never_reaches_the_decoder() {
    let handle = GateHandle::default();
    let bytes = [frame(b"good"), vec![0x81, 0x02], b"hi".to_vec()].concat();
    for size in [1, 100] {
        let mut gate = gate(&bytes, size, &handle);
        assert_eq!(until_standstill(&mut gate), frame(b"good"));
        assert!(gate.next().now_or_never().unwrap().unwrap().is_err());
        assert_eq!(handle.fault(), Some(Fault::Malformed));
    }
}
