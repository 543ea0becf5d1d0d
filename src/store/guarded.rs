//! The answer of a guarded write.

use super::error::{Result, StoreError};

/// Whether a write found its row as the decision behind it expects. A decision that was overtaken by another request must not stand, so this
/// cannot be left unread: not even by `?`, which is where a `bool` gets lost.
#[must_use = "a guarded write that changed nothing was overtaken: the decision it belongs to must not stand"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    Done,
    /// Another request was faster, or there is no such row.
    Overtaken,
}

impl Guarded {
    /// From the number of rows that were changed.
    pub(super) const fn by(rows: u64) -> Self {
        if rows == 1 { Self::Done } else { Self::Overtaken }
    }

    pub const fn is_done(self) -> bool {
        matches!(self, Self::Done)
    }

    /// For writes whose loss only another request at the same moment can bring about: this one is undone as a whole, and may be tried again.
    pub const fn or_overtaken(self) -> Result<()> {
        match self {
            Self::Done => Ok(()),
            Self::Overtaken => Err(StoreError::Overtaken),
        }
    }

    /// For the few writes after which it is the same who was faster. Say beside it why.
    pub const fn either_way(self) {
        let (Self::Done | Self::Overtaken) = self;
    }
}

impl std::ops::Not for Guarded {
    type Output = bool;

    fn not(self) -> bool {
        !self.is_done()
    }
}

impl From<Guarded> for bool {
    fn from(guarded: Guarded) -> Self {
        guarded.is_done()
    }
}
