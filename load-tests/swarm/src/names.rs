//! Names of the devices of a run, so that a run repeats nothing of another, and the addresses that they come from.

use std::net::Ipv4Addr;

/// Devices that share one source address.
const PER_ADDRESS: u32 = 1_000;

/// The user of a device.
pub(crate) fn user(run: &str, device: u32) -> String {
    format!("swarm-{run}-{device:07}")
}

/// The device's own UUID.
pub(crate) fn device(run_number: u64, device: u32) -> String {
    uuid(1, run_number, device)
}

/// The UUID of its outbox.
pub(crate) fn outbox(run_number: u64, device: u32) -> String {
    uuid(2, run_number, device)
}

fn uuid(kind: u16, run_number: u64, device: u32) -> String {
    let run_number = run_number & 0xffff_ffff_ffff;
    format!("{device:08x}-{kind:04x}-4000-8000-{run_number:012x}")
}

/// Where a device comes from: an address of 127.0.0.0/8 for every thousand.
pub(crate) fn address(device: u32) -> Ipv4Addr {
    let number = device / PER_ADDRESS;
    let [_, high, middle, low] = number.to_be_bytes();
    // Never 127.0.0.x, which the server listens on, and never an address that ends in 0 or 255.
    Ipv4Addr::new(127, 1 + high, middle, 1 + low % 250)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_devices_share_an_address() {
        assert_eq!(address(999), address(0));
        assert_ne!(address(1_000), address(999));
        assert!(address(9_999_999).is_loopback());
    }

    #[test]
    fn a_device_and_its_outbox_are_different_uuids_of_the_run() {
        assert_eq!(device(0xabc, 5), "00000005-0001-4000-8000-000000000abc");
        assert_ne!(device(1, 5), outbox(1, 5));
        assert_ne!(device(1, 5), device(2, 5));
    }
}
