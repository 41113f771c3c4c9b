//! `{n}` in a query, as .NET's `String.Format` reads it, and the parts between.

use std::sync::Arc;

use super::query::StoreQuery;
use crate::engine::StoreFault;

/// A piece of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'q> {
    /// Written by the author of the rule.
    Written(&'q str),
    /// From a claim: a param, or joined to the text by `+`. Never structure, always a value.
    Value(&'q str),
}

/// The pieces of `query`, placeholders bound.
pub(super) fn pieces(query: &StoreQuery) -> Result<Vec<Piece<'_>>, StoreFault> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for computed in &query.computed {
        written(
            query.query.get(from..computed.start).unwrap_or(""),
            &query.params,
            &mut pieces,
        )?;
        pieces.push(Piece::Value(
            query.query.get(computed.clone()).unwrap_or(""),
        ));
        from = computed.end;
    }
    written(
        query.query.get(from..).unwrap_or(""),
        &query.params,
        &mut pieces,
    )?;
    Ok(pieces)
}

fn written<'q>(
    mut text: &'q str,
    params: &'q [Arc<str>],
    pieces: &mut Vec<Piece<'q>>,
) -> Result<(), StoreFault> {
    while let Some(at) = text.find(['{', '}']) {
        let (before, brace) = text.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Written(before));
        }
        if let Some(doubled) = ["{{", "}}"]
            .iter()
            .find(|doubled| brace.starts_with(**doubled))
        {
            pieces.push(Piece::Written(doubled.get(..1).unwrap_or("")));
            text = brace.get(2..).unwrap_or("");
            continue;
        }
        let end = brace.find('}').map_or(brace.len(), |end| end + 1);
        let placeholder = brace.get(..end).unwrap_or("");
        let number = placeholder
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let param = number
            .filter(|number| number.bytes().all(|octet| octet.is_ascii_digit()))
            .and_then(|number| params.get(number.parse::<usize>().ok()?))
            .ok_or_else(|| StoreFault::Placeholder {
                text: placeholder.to_owned(),
            })?;
        pieces.push(Piece::Value(param));
        text = brace.get(end..).unwrap_or("");
    }
    if !text.is_empty() {
        pieces.push(Piece::Written(text));
    }
    Ok(())
}

/// Splits `pieces` at every `separator` that the rule's author wrote. Values are not split.
pub(super) fn split<'q>(pieces: &[Piece<'q>], separator: char) -> Vec<Vec<Piece<'q>>> {
    let mut parts = vec![Vec::new()];
    for piece in pieces {
        let text = match piece {
            Piece::Value(_) => {
                if let Some(part) = parts.last_mut() {
                    part.push(piece.clone());
                }
                continue;
            }
            Piece::Written(text) => text,
        };
        for (index, written) in text.split(separator).enumerate() {
            if index > 0 {
                parts.push(Vec::new());
            }
            if let Some(part) = parts.last_mut().filter(|_| !written.is_empty()) {
                part.push(Piece::Written(written));
            }
        }
    }
    parts
}

/// The text of `pieces` as they are.
pub(super) fn join(pieces: &[Piece<'_>]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Written(text) | Piece::Value(text) => *text,
    });
    texts.collect()
}
