//! Messages in packets, there and back.

use proptest::prelude::*;

use crate::tds::packet::{ANSWER, BATCH, Frame, HEADER_BYTES, PACKET_BYTES, read};

proptest! {
    #[test]
    fn a_message_survives_its_packets(
        payload in proptest::collection::vec(any::<u8>(), 0..20_000),
        packet_bytes in 9_usize..5000,
    ) {
        let frame = Frame::pack(BATCH, &payload, packet_bytes);
        prop_assert_eq!(frame.bytes.len(), payload.len() + HEADER_BYTES * payload.len().div_ceil(packet_bytes - 8).max(1));
        let mut from = frame.bytes.as_slice();
        prop_assert_eq!(read(&mut from).unwrap(), Some(frame.clone()));
        prop_assert_eq!(read(&mut from).unwrap(), None);
    }

    #[test]
    fn bytes_of_any_kind_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // Few bytes are a message by themselves; in a packet of their own they are one, of any kind.
        let packed = [ANSWER, BATCH].map(|kind| Frame::pack(kind, &bytes, PACKET_BYTES));
        for frame in packed.into_iter().chain(read(&mut bytes.as_slice()).into_iter().flatten()) {
            crate::tds::message::Message::of(&frame, 1, 1).describe();
            crate::tds::answer::normal(&frame.payload);
            crate::tds::answer::server(&frame.payload);
        }
    }
}

#[test]
fn a_packet_is_laid_out_as_the_protocol_says() {
    let frame = Frame::pack(ANSWER, b"abcde", 11);
    assert_eq!(frame.bytes, b"\x04\0\0\x0b\0\0\x01\0abc\x04\x01\0\x0a\0\0\x02\0de");
    assert!(Frame::answer(&vec![0; 10_000]).bytes.len() > 10_000 + 2 * HEADER_BYTES);
    assert_eq!(&Frame::answer(&vec![0; 10_000]).bytes[2..4], u16::try_from(PACKET_BYTES).unwrap().to_be_bytes());
}

#[test]
fn half_a_message_is_an_error_and_an_end_between_two_is_not() {
    let frame = Frame::pack(BATCH, &[7; 100], 40);
    for length in 1..frame.bytes.len() {
        assert!(read(&mut &frame.bytes[..length]).is_err(), "{length}");
    }
    assert_eq!(read(&mut &frame.bytes[..0]).unwrap(), None);
    assert!(read(&mut b"\x01\x01\0\x07\0\0\0\0".as_slice()).is_err(), "shorter than its header");
    assert!(read(&mut b"\x01\0\0\x08\0\0\0\0\x03\x01\0\x08\0\0\0\0".as_slice()).is_err(), "two types");
}
