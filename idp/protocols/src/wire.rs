//! A request as it came over the wire: its method and raw octets, nothing decoded.

/// The two HTTP methods that carry passive protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// `GET`: the message is in the query.
    Get,
    /// `POST`: the message is in the form body, or a form of ours continues a message in the query.
    Post,
}

/// One request, before anything in it is believed.
#[derive(Clone, Copy, Debug)]
pub struct ProtocolRequest<'a> {
    /// Method.
    pub method: HttpMethod,
    /// The octets after `?`, as they came; empty without a query.
    pub query: &'a [u8],
    /// The body of an `application/x-www-form-urlencoded` post, as it came; empty otherwise.
    pub body: &'a [u8],
}

impl<'a> ProtocolRequest<'a> {
    /// A `GET` with this raw query.
    pub fn get(query: &'a [u8]) -> Self {
        Self {
            method: HttpMethod::Get,
            query,
            body: &[],
        }
    }

    /// A `POST` with this raw query and this raw form body.
    pub fn post(query: &'a [u8], body: &'a [u8]) -> Self {
        Self {
            method: HttpMethod::Post,
            query,
            body,
        }
    }
}
