"""An offline practice API: deterministic data, with faults and a clock on a switch."""
