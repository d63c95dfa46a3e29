// What an oracle says when the product is wrong: the broken promise and its place, then the end of the process.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace authjwks::fuzz {

/// Ends the process unless `promise` was kept; an abort is what libFuzzer records as a finding.
inline void expect(bool kept, std::string_view promise, const char* file = __builtin_FILE(),
                   int line = __builtin_LINE()) {
    if (kept) return;
    std::fprintf(stderr, "%s:%d: broken: %.*s\n", file, line, static_cast<int>(promise.size()), promise.data());
    std::abort();
}

}  // namespace authjwks::fuzz
