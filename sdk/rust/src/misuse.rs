//! What the compiler says to whoever misuses an attribute: `misuse/*.stderr`, which is its
//! documentation. After a change `TRYBUILD=overwrite cargo test -p podhook-sdk misuse` writes
//! it anew.

#[test]
fn is_explained_where_it_stands() {
    trybuild::TestCases::new().compile_fail("misuse/*.rs");
}
