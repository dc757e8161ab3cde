//! Glob patterns, one matcher for all dialects.
