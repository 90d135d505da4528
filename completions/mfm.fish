complete --keep-order --exclusive --command mfm --arguments "(MFM_COMPLETE=fish mfm -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
