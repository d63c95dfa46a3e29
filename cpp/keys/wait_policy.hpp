// What a caller that needs keys does if the issuer has to be asked for them.
#pragma once

#include <cstdint>
#include <variant>

#include "base/result.hpp"
#include "keys/snapshot_cell.hpp"

namespace authjwks {

enum class WaitPolicy : std::uint8_t {
    no_fetch,        ///< neither starts a fetch nor waits for one, having waited already
    never,           ///< starts a fetch, but gets Pending instead of waiting for it
    never_again,     ///< the same, for a caller that has waited for a fetch that did not decide
    until_deadline,  ///< waits for the fetch, at most for the time that it may take
};

/// Whether the caller waits by KeySource::wait() alone.
constexpr bool is_pending_instead(WaitPolicy wait) {
    return wait == WaitPolicy::never || wait == WaitPolicy::never_again;
}

/// Instead of a result: the issuer is being asked, and KeySource::wait() waits for its response.
struct Pending {
    bool is_conclusive;  ///< that response decides the matter: asking once more would bring nothing newer
};
template <class T>
using OrPending = std::variant<Result<T>, Pending>;

struct Obtained {
    Snapshot keys;
    bool is_conclusive;  ///< the issuer's own response to a request that was sent after the call had begun
};

}  // namespace authjwks
