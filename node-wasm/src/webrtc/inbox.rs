//! Frames that came: those that wait for their link to be open, and how far the node is behind with the others.

/// Received bytes that the node may be behind with on one link: four messages of the largest
/// size. Data channels have no way to make a sender wait.
const MAX_UNHANDLED_BYTES: usize = 16 * 1024 * 1024;

/// Frames before the link is open. The other side says hello in one and waits for the answer.
const MAX_EARLY: usize = 16;

/// More has come than may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flooded;

/// What came over one link.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    /// Frames that came before the link was open here; none any more once it is.
    early: Option<Vec<T>>,
    unhandled: usize,
}

impl<T> Inbox<T> {
    pub(super) fn new() -> Self {
        Self { early: Some(Vec::new()), unhandled: 0 }
    }

    /// Takes a frame of so many bytes. Gives it back for the node, or keeps it until the link is open.
    pub(super) fn take(&mut self, frame: T, length: usize) -> Result<Option<T>, Flooded> {
        self.unhandled = self.unhandled.saturating_add(length);
        if self.unhandled > MAX_UNHANDLED_BYTES {
            return Err(Flooded);
        }
        match &mut self.early {
            None => Ok(Some(frame)),
            Some(early) if early.len() < MAX_EARLY => {
                early.push(frame);
                Ok(None)
            }
            Some(_) => Err(Flooded),
        }
    }

    /// The link is open: gives what came before that, in its order.
    pub(super) fn open(&mut self) -> Vec<T> {
        self.early.take().unwrap_or_default()
    }

    /// The node is done with so many bytes.
    pub(super) fn handled(&mut self, bytes: usize) {
        self.unhandled = self.unhandled.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_is_faster_than_the_news_of_the_open_link_is_not_lost() {
        let mut inbox = Inbox::new();
        assert_eq!((inbox.take("hello", 5), inbox.take("ping", 4)), (Ok(None), Ok(None)));
        assert_eq!(inbox.open(), ["hello", "ping"]);
        assert_eq!(inbox.take("pong", 4), Ok(Some("pong")));
        assert_eq!(inbox.open(), Vec::<&str>::new());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut inbox = Inbox::new();
        for _ in 0..MAX_EARLY {
            assert_eq!(inbox.take((), 0), Ok(None));
        }
        assert_eq!(inbox.take((), 0), Err(Flooded));

        let mut inbox = Inbox::new();
        inbox.open();
        assert_eq!(inbox.take((), MAX_UNHANDLED_BYTES), Ok(Some(())));
        inbox.handled(1);
        assert_eq!(inbox.take((), 1), Ok(Some(())));
        assert_eq!(inbox.take((), 1), Err(Flooded));
        assert_eq!(inbox.take((), usize::MAX), Err(Flooded));
    }
}
