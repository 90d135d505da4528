//! What holds in every recording of the lab.
