//! Who a connection belongs to, and what each address has taken of its share.

use crate::{bucket::Bucket, limits::Limits};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};
use tracker_protocol::Refusal;

/// What shares one limit: an IPv4 address, or the /64 network of an IPv6 address, because
/// anybody with one IPv6 address has all of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AddressKey(IpAddr);

impl AddressKey {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))),
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

/// What one address has taken.
#[derive(Debug)]
struct Share {
    connections: u32,
    rooms: u32,
    connects: Bucket,
}

/// What every address has taken that is connected, was lately, or founded a room that exists.
#[derive(Debug, Default)]
pub(crate) struct AddressBook {
    shares: BTreeMap<AddressKey, Share>,
}

impl AddressBook {
    /// Counts a new connection, unless the address has too many or opens them too fast.
    pub(crate) fn connect(&mut self, now: Duration, limits: &Limits, key: AddressKey) -> Result<(), Refusal> {
        if !self.shares.contains_key(&key) && self.shares.len() >= capacity(limits) {
            return Err(Refusal::TooManyConnections);
        }
        let new = || Share { connections: 0, rooms: 0, connects: Bucket::new(limits.connects, now) };
        let share = self.shares.entry(key).or_insert_with(new);
        if share.connections >= limits.max_connections_per_address {
            return Err(Refusal::TooManyConnections);
        }
        if !share.connects.take(now, 1) {
            return Err(Refusal::RateLimited);
        }
        share.connections += 1;
        Ok(())
    }

    /// Takes a connection back.
    pub(crate) fn disconnect(&mut self, key: AddressKey) {
        if let Some(share) = self.shares.get_mut(&key) {
            share.connections = share.connections.saturating_sub(1);
        }
    }

    /// Counts a new room, unless the address founded too many of those that exist.
    pub(crate) fn found_room(&mut self, limits: &Limits, key: AddressKey) -> Result<(), Refusal> {
        let share = self.shares.get_mut(&key).ok_or(Refusal::TooManyRooms)?;
        if share.rooms >= limits.max_rooms_per_address {
            return Err(Refusal::TooManyRooms);
        }
        share.rooms += 1;
        Ok(())
    }

    /// Takes a room back that has become empty.
    pub(crate) fn close_room(&mut self, key: AddressKey) {
        if let Some(share) = self.shares.get_mut(&key) {
            share.rooms = share.rooms.saturating_sub(1);
        }
    }

    /// Forgets addresses that have nothing and would start with a full bucket anyway.
    pub(crate) fn forget_idle(&mut self, now: Duration) {
        self.shares.retain(|_, share| share.connections > 0 || share.rooms > 0 || !share.connects.is_full(now));
    }
}

/// Most addresses in the book: all that may be connected or own a room, and as many that lately were.
fn capacity(limits: &Limits) -> usize {
    2 * (limits.max_connections + limits.max_rooms)
}

#[cfg(test)]
impl AddressBook {
    /// Connections and rooms of each address, for the invariant checks of the tracker's tests.
    pub(crate) fn counts(&self) -> BTreeMap<AddressKey, (u32, u32)> {
        self.shares.iter().map(|(key, share)| (*key, (share.connections, share.rooms))).collect()
    }

    pub(crate) fn capacity(limits: &Limits) -> usize {
        capacity(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::Rate;

    fn key(text: &str) -> AddressKey {
        AddressKey::of(text.parse().unwrap())
    }

    #[test]
    fn one_network_is_one_address() {
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn idle_addresses_are_forgotten_once_their_bucket_is_full() {
        let limits = Limits { connects: Rate { per_second: 1, burst: 2 }, ..Limits::default() };
        let (mut book, key) = (AddressBook::default(), key("192.0.2.1"));
        assert_eq!(book.connect(Duration::ZERO, &limits, key), Ok(()));
        book.forget_idle(Duration::from_mins(1));
        assert_eq!(book.counts().len(), 1, "still connected");
        assert_eq!(book.connect(Duration::from_mins(1), &limits, key), Ok(()));
        book.disconnect(key);
        book.disconnect(key);
        book.forget_idle(Duration::from_mins(1));
        assert_eq!(book.counts().len(), 1, "its bucket is not full yet");
        book.forget_idle(Duration::from_secs(61));
        assert!(book.counts().is_empty());
    }

    #[test]
    fn the_book_itself_is_bounded() {
        let limits = Limits { max_connections: 1, max_rooms: 1, ..Limits::default() };
        let mut book = AddressBook::default();
        for last in 0..4 {
            let key = AddressKey::of([192, 0, 2, last].into());
            assert_eq!(book.connect(Duration::ZERO, &limits, key), Ok(()));
            book.disconnect(key);
        }
        assert_eq!(book.connect(Duration::ZERO, &limits, key("198.51.100.1")), Err(Refusal::TooManyConnections));
        assert_eq!(book.connect(Duration::ZERO, &limits, key("192.0.2.3")), Ok(()));
    }
}
