// Why a token is refused, and because of which of its claims.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace authjwks {

struct Refusal {
    constexpr Refusal(Errc reason, std::string_view name = {}) noexcept : code(reason), claim(name) {}

    Errc code;
    /// A registered name or one of the configuration, never text of the token; empty when it is about no single claim.
    /// The policy that the token was judged by has to outlive it.
    std::string_view claim;
};

}  // namespace authjwks
