//! What a server's start tells this surface.

/// The settings, all with a default.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether a request without credentials is turned away; what they are is not looked at.
    pub auth_required: bool,
    /// Commits that a delivery of a push tells of.
    pub max_commits: usize,
    /// Whether new commits on the head of an open pull request are told as its action `synchronized`.
    pub synchronized: bool,
    /// Whether an open pull request counts as merged when a push brings its head into its base.
    pub manual_merge: bool,
    /// The key of deliveries' signatures; without it the header is empty.
    pub webhook_secret: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            auth_required: false,
            // OBSERVED: Gitea tells of the five newest commits (FeedMaxCommitNum).
            max_commits: 5,
            synchronized: false,
            manual_merge: false,
            webhook_secret: None,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("auth_required", &self.auth_required)
            .field("max_commits", &self.max_commits)
            .field("synchronized", &self.synchronized)
            .field("manual_merge", &self.manual_merge)
            .field("webhook_secret", &self.webhook_secret.as_ref().map(|_| "****"))
            .finish()
    }
}
