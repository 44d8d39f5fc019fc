"""Drawing: plain values in, inline SVG out. Equal values give equal SVG."""
