//! From edits to exact changes: pure difference, order and digest; reads nothing and writes nothing.
