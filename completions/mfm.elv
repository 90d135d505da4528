set edit:completion:arg-completer[mfm] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) MFM_COMPLETE="elvish" mfm -- $@words) | to-lines
}
