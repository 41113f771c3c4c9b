//! From the client library's search entries to ours.

use ldap3::asn1::StructureTag;

use crate::entry::Entry;

/// A SearchResultEntry; `None` when it has not the shape of one.
///
/// The library's own `SearchEntry::construct` panics on a malformed entry, sorts values into text
/// and octets by their content, and changes their order; this does not.
pub(crate) fn entry(tag: StructureTag) -> Option<Entry> {
    let mut parts = tag.match_id(4)?.expect_constructed()?.into_iter();
    let mut entry = Entry::new(String::from_utf8(parts.next()?.expect_primitive()?).ok()?);
    for attribute in parts.next()?.expect_constructed()? {
        let mut parts = attribute.expect_constructed()?.into_iter();
        let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
        let values: Option<Vec<_>> = parts
            .next()?
            .expect_constructed()?
            .into_iter()
            .map(StructureTag::expect_primitive)
            .collect();
        entry.set(&name, values?);
    }
    Some(entry)
}

/// What `name;range=from-to` says of an attribute that came in pieces (MS-ADTS 3.1.1.3.1.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The attribute without the option.
    pub(crate) attribute: String,
    /// Where the next piece starts; `None` when this was the last.
    pub(crate) next: Option<usize>,
}

/// Finds the attributes of `entry` that came in pieces, and puts each piece under the attribute's own name.
pub(crate) fn take_pieces(entry: &mut Entry) -> Vec<Piece> {
    let named: Vec<(String, Piece)> = entry
        .names()
        .filter_map(|name| Some((name.to_owned(), piece(name)?)))
        .collect();
    let mut pieces = Vec::new();
    for (name, piece) in named {
        for value in entry.take(&name) {
            entry.add(&piece.attribute, value);
        }
        pieces.push(piece);
    }
    pieces
}

fn piece(name: &str) -> Option<Piece> {
    let (attribute, range) = name.split_once(";range=")?;
    let (from, to) = range.split_once('-')?;
    let from: usize = from.parse().ok()?;
    let next = match to {
        "*" => None,
        to => Some(
            to.parse::<usize>()
                .ok()
                .filter(|to| *to >= from)?
                .checked_add(1)?,
        ),
    };
    Some(Piece {
        attribute: attribute.to_owned(),
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_put_under_the_attributes_own_name() {
        let mut entry = Entry::new("CN=a".to_owned());
        entry.set("member;range=0-1", vec![b"x".to_vec(), b"y".to_vec()]);
        entry.set("memberOf;range=0-*", vec![b"z".to_vec()]);
        entry.set("cn", vec![b"a".to_vec()]);
        let pieces = take_pieces(&mut entry);
        assert_eq!(
            pieces,
            [
                Piece {
                    attribute: "member".to_owned(),
                    next: Some(2)
                },
                Piece {
                    attribute: "memberof".to_owned(),
                    next: None
                }
            ]
        );
        assert_eq!(entry.values("member").len(), 2);
        assert_eq!(entry.values("memberOf").len(), 1);
        assert_eq!(piece("member;range=5-3"), None);
        assert_eq!(piece("member;range=x-3"), None);
    }
}
