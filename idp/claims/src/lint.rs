//! What is probably not meant in a rule set that parses.

mod checks;
mod known;

use std::fmt;

use crate::syntax::RuleSet;

/// What a rule set is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleUse {
    /// Unknown.
    #[default]
    Any,
    /// Acceptance rules of a claims provider: types that nobody knows may come in.
    Acceptance,
    /// Authorization rules.
    Authorization,
    /// Additional authentication rules.
    AdditionalAuthentication,
    /// Issuance rules.
    Issuance,
}

/// What is known beside the rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct LintContext<'c> {
    /// What the rules are used for.
    pub rule_use: RuleUse,
    /// Names of the stores that are set up, beside the built-in ones. `None`: not known, so not checked.
    pub stores: Option<&'c [&'c str]>,
    /// Claim types that acceptance rules may give, beside those the service makes itself. `None`:
    /// not known, so rules that can never fire are not looked for.
    pub accepted_types: Option<&'c [&'c str]>,
    /// Whether a token of these rules may be a SAML 1.1 one.
    pub saml11: bool,
}

/// Something that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lint {
    /// Number of the rule, from 1; 0 for the whole set.
    pub rule: usize,
    /// Line of the rule, from 1.
    pub line: usize,
    /// What.
    pub kind: LintKind,
}

/// What is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LintKind {
    /// A claim type that begins with `https` where the real one begins with `http`: it never matches.
    HttpsType {
        /// The type.
        claim_type: String,
    },
    /// A store that nobody has set up.
    UnknownStore {
        /// Its name.
        store: String,
    },
    /// A value that looks like a regular expression, under `==` or `!=`.
    PatternUnderEquality {
        /// The value.
        value: String,
    },
    /// A condition on a type that nothing makes.
    NeverFires {
        /// The type.
        claim_type: String,
    },
    /// The same rule again.
    DuplicateRule {
        /// Number of the earlier one.
        earlier: usize,
    },
    /// One type twice among the types of a query.
    DuplicateType {
        /// The type.
        claim_type: String,
    },
    /// A query put together from claims with `+` instead of params.
    JoinedQuery {
        /// The store.
        store: String,
    },
    /// A type that a SAML 1.1 token cannot carry (`ID4216`).
    TypeWithoutNamespace {
        /// The type.
        claim_type: String,
    },
    /// A permit whose value says no: it permits all the same.
    PermitSaysNo {
        /// The value.
        value: String,
    },
    /// Authorization rules that permit nobody.
    PermitsNobody,
    /// The last rule has no semicolon.
    LastSemicolonMissing,
    /// Comments, which AD FS may not take.
    Comments,
    /// A tag used in another case than it was defined in.
    TagCase {
        /// The tag as used.
        tag: String,
    },
}

/// Looks through `rules`, knowing nothing else.
pub fn lint(rules: &RuleSet) -> Vec<Lint> {
    lint_in(rules, &LintContext::default())
}

/// Looks through `rules` in their `context`. In the order of the rules.
pub fn lint_in(rules: &RuleSet, context: &LintContext<'_>) -> Vec<Lint> {
    let mut found = checks::check_rules(rules, context);
    found.extend(checks::check_set(rules, context));
    found.sort_by_key(|lint| lint.rule);
    found
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rule > 0 {
            write!(f, "rule {}, line {}: ", self.rule, self.line)?;
        }
        match &self.kind {
            LintKind::HttpsType { claim_type } => write!(
                f,
                "`{claim_type}` never matches: the real claim type begins with http://"
            ),
            LintKind::UnknownStore { store } => write!(f, "no store is called `{store}`"),
            LintKind::PatternUnderEquality { value } => write!(
                f,
                "`{value}` looks like a regular expression, but == and != compare the text as it is; write =~ or !~"
            ),
            LintKind::NeverFires { claim_type } => write!(
                f,
                "nothing makes a claim of type `{claim_type}`: the rule can never fire"
            ),
            LintKind::DuplicateRule { earlier } => write!(f, "the same as rule {earlier}"),
            LintKind::DuplicateType { claim_type } => {
                write!(f, "the type `{claim_type}` stands twice in one query")
            }
            LintKind::JoinedQuery { store } => write!(
                f,
                "the query to `{store}` is put together from claims with +; give them as params"
            ),
            LintKind::TypeWithoutNamespace { claim_type } => write!(
                f,
                "`{claim_type}` has no namespace: a SAML 1.1 token cannot carry it (ID4216)"
            ),
            LintKind::PermitSaysNo { value } => {
                write!(f, "a permit with the value `{value}` permits all the same")
            }
            LintKind::PermitsNobody => f.write_str("these rules permit nobody"),
            LintKind::LastSemicolonMissing => f.write_str("the last rule has no semicolon"),
            LintKind::Comments => f.write_str("AD FS may not take comments in rules"),
            LintKind::TagCase { tag } => {
                write!(
                    f,
                    "the tag `{tag}` is written in another case than where it is defined"
                )
            }
        }
    }
}
