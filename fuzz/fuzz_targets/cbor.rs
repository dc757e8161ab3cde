#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parhelion_codepipeline::fuzzing::cbor(bytes));
