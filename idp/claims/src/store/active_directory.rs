//! Queries to the `Active Directory` store: `filter;attribute,attribute;DOMAIN\user`.
//!
//! What comes from a claim is a value and never structure: in the filter it is escaped (RFC 4515),
//! it adds no part and no attribute, and the filter has the shape that the author of the rule wrote.

use super::filter::{Filter, escape};
use super::placeholders::{Piece, join, pieces, split};
use super::query::StoreQuery;
use crate::engine::{EvaluationError, StoreFault};

/// A query to a directory, params bound.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActiveDirectoryQuery {
    /// The filter (RFC 4515), with its outer parentheses.
    pub filter: String,
    /// The same, parsed.
    pub parsed_filter: Filter,
    /// The attributes, a column of the answer each, as the rule writes them: names compare without
    /// case, `tokenGroups` may carry a form in parentheses, one name may stand twice.
    pub attributes: Vec<String>,
    /// The domain to ask, by NetBIOS or DNS name.
    pub domain: String,
    /// The user part; the filter may select another object.
    pub user: String,
}

impl ActiveDirectoryQuery {
    /// Parses `query` and binds its params.
    ///
    /// Errors: `POLICY0018` with `POLICY3824` (not three parts) or `POLICY3826` (no `DOMAIN\user`)
    /// inside, or with a placeholder, filter or attribute that cannot be; `POLICY0019` when there
    /// are not as many attributes as types.
    pub fn parse(query: &StoreQuery) -> Result<Self, EvaluationError> {
        let fail = |fault| query.failed(fault);
        let pieces = pieces(query).map_err(fail)?;
        let parts = split(&pieces, ';');
        let [filter, attributes, account] = parts.as_slice() else {
            return Err(fail(StoreFault::NotThreeParts { parts: parts.len() }));
        };
        let (domain, user) = parse_account(account).map_err(fail)?;
        let attributes = parse_attributes(attributes).map_err(fail)?;
        if attributes.len() != query.types.len() {
            return Err(query.wrong_field_count(attributes.len()));
        }
        let (filter, parsed_filter) = build_filter(filter, &user).map_err(fail)?;
        Ok(Self {
            filter,
            parsed_filter,
            attributes,
            domain,
            user,
        })
    }

    /// Whether the filter asks for the object of [`Self::user`] and nothing else.
    pub fn asks_about_user(&self) -> bool {
        self.parsed_filter.is_equality("sAMAccountName", &self.user)
    }
}

/// The third part. A param may be all of it, so it is not escaped: it goes into no filter as it is.
fn parse_account(pieces: &[Piece<'_>]) -> Result<(String, String), StoreFault> {
    let account = join(pieces);
    let (domain, user) = account
        .trim()
        .split_once('\\')
        .ok_or(StoreFault::NotDomainUser)?;
    if domain.is_empty() || user.is_empty() || user.contains('\\') {
        return Err(StoreFault::NotDomainUser);
    }
    Ok((domain.to_owned(), user.to_owned()))
}

fn parse_attributes(pieces: &[Piece<'_>]) -> Result<Vec<String>, StoreFault> {
    let names = split(pieces, ',')
        .into_iter()
        .map(|name| join(&name).trim().to_owned());
    names
        .map(|name| {
            if is_attribute(&name) {
                Ok(name)
            } else {
                Err(StoreFault::Attribute { name })
            }
        })
        .collect()
}

/// An attribute description (RFC 4512, 2.5), perhaps with a form in parentheses behind it.
fn is_attribute(name: &str) -> bool {
    let (name, form) = match name.split_once('(') {
        Some((name, form)) => match form.strip_suffix(')') {
            Some(form) => (name, form),
            None => return false,
        },
        None => (name, ""),
    };
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    !name.is_empty() && name.len() <= 256 && plain(name) && plain(form)
}

fn build_filter(pieces: &[Piece<'_>], user: &str) -> Result<(String, Filter), StoreFault> {
    let blank = |piece: &Piece<'_>| matches!(piece, Piece::Written(text) if text.trim().is_empty());
    if pieces.iter().all(blank) {
        let filter = format!("(sAMAccountName={})", escape(user));
        let parsed = parse(&filter)?;
        return Ok((filter, parsed));
    }
    let pieces = trimmed(pieces);
    let bind = |value: &dyn Fn(&str) -> String| {
        let bound = pieces.iter().map(|piece| match piece {
            Piece::Written(text) => (*text).to_owned(),
            Piece::Value(text) => value(text),
        });
        let filter: String = bound.collect();
        if filter.starts_with('(') {
            filter
        } else {
            format!("({filter})")
        }
    };
    let filter = bind(&escape);
    let parsed = parse(&filter)?;
    // The same filter with harmless values: a value must not make another filter of it, as an
    // empty one before an asterisk would.
    let harmless = parse(&bind(&|_| "x".to_owned()))?;
    if !parsed.has_shape_of(&harmless) {
        let what = "a param would change what it asks for".to_owned();
        return Err(StoreFault::Filter { what });
    }
    Ok((filter, parsed))
}

/// `pieces` without the blanks that the author of the rule wrote around them. Those of a value are its own.
fn trimmed<'q>(pieces: &[Piece<'q>]) -> Vec<Piece<'q>> {
    let mut pieces = pieces.to_vec();
    if let Some(Piece::Written(text)) = pieces.first_mut() {
        *text = text.trim_start();
    }
    if let Some(Piece::Written(text)) = pieces.last_mut() {
        *text = text.trim_end();
    }
    pieces
}

fn parse(filter: &str) -> Result<Filter, StoreFault> {
    Filter::parse(filter).map_err(|error| StoreFault::Filter {
        what: error.to_string(),
    })
}
