// The day board: dragging, the keyboard, and what others change meanwhile.
"use strict";
