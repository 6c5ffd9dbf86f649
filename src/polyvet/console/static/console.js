// SPDX-License-Identifier: Apache-2.0
// What is nicer with a script than without one. No page needs it but the one on which requests are tried.
"use strict"
