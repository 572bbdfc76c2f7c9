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

/// The next message, if one is whole and may pass.
fn next_text<S: Stream<Item = Result<Message, Fault>> + Unpin>(gate: &mut S) -> Option<String> {
    match gate.next().now_or_never()?? {
        Ok(Message::Text(text)) => Some(text.to_string()),
        other => panic!("{other:?}"),
    }
}

fn fault<S: Stream<Item = Result<Message, Fault>> + Unpin>(gate: &mut S) -> Fault {
    gate.next().now_or_never().unwrap().unwrap().unwrap_err()
}

#[test]
fn messages_pass_one_by_one_wherever_the_bytes_are_cut() {
    let all = [frame(b"first"), frame(b""), frame(b"second")].concat();
    for size in 1..=all.len() {
        let mut gate = gate(&all, size, &GateHandle::default());
        for text in ["first", "", "second"] {
            assert_eq!(next_text(&mut gate).as_deref(), Some(text), "{size}");
        }
        assert_eq!(next_text(&mut gate), None);
        let held = (gate.chunk.len(), gate.begun.capacity());
        assert_eq!(held, (0, 0), "between frames no memory is held");
    }
}

#[test]
fn a_frame_in_one_piece_is_not_copied() {
    let bytes = Bytes::from(frame(&[b'x'; 60]));
    let place = bytes.as_ptr();
    let mut gate = Gate::new(stream::iter([Ok(bytes)]), GateHandle::default(), 64);
    match gate.next().now_or_never().unwrap().unwrap().unwrap() {
        Message::Text(text) => assert_eq!(text.as_bytes().as_ptr(), place.wrapping_add(6)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_shut_gate_holds_back_the_next_frame() {
    let handle = GateHandle::default();
    let both = [frame(b"first"), frame(b"second")].concat();
    let mut gate = gate(&both, 100, &handle);
    assert_eq!(next_text(&mut gate).as_deref(), Some("first"));
    handle.set_open(false);
    assert_eq!(next_text(&mut gate), None);
    assert_eq!(next_text(&mut gate), None);
    handle.set_open(true);
    assert_eq!(next_text(&mut gate).as_deref(), Some("second"));
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
    assert!(matches!(read, Some(Ok(Message::Text(text))) if text == "x"));
}

#[test]
fn a_text_that_is_none_is_a_fault() {
    let mut gate = gate(&frame(b"\xff"), 100, &GateHandle::default());
    assert_eq!(fault(&mut gate), Fault::NotUtf8);
}

#[test]
fn a_frame_above_the_limit_ends_the_stream_at_its_header() {
    let mut header = vec![0x81, 0xff];
    header.extend(1_000_000_u64.to_be_bytes());
    header.extend([0; 4]);
    let mut gate = gate(&header, 100, &GateHandle::default());
    assert_eq!(fault(&mut gate), Fault::TooLarge);
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
    let gone = stream::iter([Err(PayloadError::Incomplete(None))]);
    let mut gate = Gate::new(gone, GateHandle::default(), 64);
    assert!(matches!(fault(&mut gate), Fault::Gone(_)));
}

#[test]
fn a_malformed_header_never_reaches_the_decoder() {
    let bytes = [frame(b"good"), vec![0x81, 0x02], b"hi".to_vec()].concat();
    for size in [1, 100] {
        let mut gate = gate(&bytes, size, &GateHandle::default());
        assert_eq!(next_text(&mut gate).as_deref(), Some("good"));
        assert_eq!(fault(&mut gate), Fault::Malformed);
    }
}
