//! Which surface takes which request: `golden/classify.tsv`. At most one claims any line, so the order in which they
//! are asked never decides.

use http::request::Parts;

/// A surface's name, and its "is this yours?".
type Claimant = (&'static str, fn(&Parts) -> bool);

/// Method, path, host, content type, target header, authorization; `-` where there is none.
fn head(columns: &[&str]) -> Parts {
    let mut request = http::Request::builder().method(columns[0]).uri(columns[1]);
    let names = ["host", "content-type", "x-amz-target", "authorization"];
    for (name, value) in names.into_iter().zip(&columns[2..]) {
        if *value != "-" {
            request = request.header(name, *value);
        }
    }
    request.body(()).unwrap_or_else(|e| panic!("{columns:?}: {e}")).into_parts().0
}

#[test]
fn at_most_one_surface_claims_each_request() {
    let corpus = include_str!("../golden/classify.tsv");
    let surfaces = parhelion::surfaces_for_tests();
    assert_eq!(surfaces.len(), 4);
    let mut claimants: Vec<Claimant> = vec![("control", parhelion_control::claims)];
    claimants.extend(surfaces.iter().map(|surface| (surface.name, surface.claims)));

    let mut wrong = Vec::new();
    let lines = corpus.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    let mut judged = 0;
    for (n, line) in lines {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns.len(), 7, "line {}: {line}", n + 1);
        let head = head(&columns[..6]);
        let claimed: Vec<&str> =
            claimants.iter().filter(|(_, claims)| claims(&head)).map(|(name, _)| *name).collect();
        let expected = if columns[6] == "-" { vec![] } else { vec![columns[6]] };
        if claimed != expected {
            wrong.push(format!("line {}: {claimed:?} for {line}", n + 1));
        }
        judged += 1;
    }
    assert!(judged > 80);
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}
