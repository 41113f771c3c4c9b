//! The last searches of a run. Claims of one kind share their type and issuer, and rules ask
//! every one of them the same.

use crate::pattern::Pattern;

const SLOTS: usize = 8;
/// Longer texts are not kept: they seldom come twice.
const LONGEST: usize = 256;

/// What patterns found in texts.
#[derive(Debug, Default)]
pub(super) struct Memo {
    slots: [Slot; SLOTS],
}

#[derive(Debug, Default)]
struct Slot {
    /// Where the pattern lies, which outlives the run; 0 in an empty slot.
    pattern: usize,
    text: String,
    found: bool,
}

impl Memo {
    /// Whether `pattern` was found in `text`, if that is still known.
    pub(super) fn recall(&self, pattern: &Pattern, text: &str) -> Option<bool> {
        let address = address(pattern);
        let slot = self.slots.get(index(address))?;
        (slot.pattern == address && slot.text == text).then_some(slot.found)
    }

    pub(super) fn keep(&mut self, pattern: &Pattern, text: &str, found: bool) {
        let address = address(pattern);
        let Some(slot) = self.slots.get_mut(index(address)) else {
            return;
        };
        if text.len() <= LONGEST {
            slot.pattern = address;
            slot.text.clear();
            slot.text.push_str(text);
            slot.found = found;
        }
    }
}

fn address(pattern: &Pattern) -> usize {
    std::ptr::from_ref(pattern).addr()
}

fn index(address: usize) -> usize {
    (address / 64) % SLOTS
}
