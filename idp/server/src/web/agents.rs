//! Lists of user agents, written as AD FS writes its own: `WiaSupportedUserAgents`.

use regex::Regex;

/// What begins a regular expression.
const EXPRESSION: &str = "=~";

/// A list of user agents.
#[derive(Clone, Debug)]
pub(crate) struct Agents(Vec<Agent>);

#[derive(Clone, Debug)]
enum Agent {
    Contains(String),
    Matches(Regex),
}

impl Agents {
    /// Each entry is a text that a user agent contains, or `=~` and a regular expression that matches part of it.
    ///
    /// # Errors
    /// What is wrong with an entry.
    pub(crate) fn parse(entries: &[String]) -> Result<Self, String> {
        entries
            .iter()
            .map(|entry| match entry.strip_prefix(EXPRESSION) {
                None if entry.trim().is_empty() => Err(
                    "user_agents holds an empty text, which every user agent contains".to_owned(),
                ),
                None => Ok(Agent::Contains(entry.clone())),
                Some(expression) => Regex::new(expression).map(Agent::Matches).map_err(|error| {
                    format!("user_agents: {entry:?} is no regular expression: {error}")
                }),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the list names `user_agent`.
    pub(crate) fn list(&self, user_agent: &str) -> bool {
        self.0.iter().any(|agent| match agent {
            Agent::Contains(part) => user_agent.contains(part),
            Agent::Matches(expression) => expression.is_match(user_agent),
        })
    }
}
