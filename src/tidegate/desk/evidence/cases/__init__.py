"""Cases against those who abuse the messenger or help others to: what every other room of evidence hangs on."""
