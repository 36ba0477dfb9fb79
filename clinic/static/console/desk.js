// The worklist: slots beside the row, claims, toasts.
"use strict";
