// What a caller who needs keys does when the issuer has to be asked for them.
#pragma once

#include <cstdint>
#include <variant>

#include "base/result.hpp"
#include "keys/snapshot_cell.hpp"

namespace authjwks {

/// Whether a caller waits for an answer of the issuer; spent: neither waits for one nor causes one, having had one.
enum class Patience : std::uint8_t { spent, none, until_the_deadline };

/// Instead of a result, for a caller without patience: the issuer is being asked, and attend() waits for its answer.
struct Later {
    bool is_conclusive;  ///< that answer settles the matter: asking again would bring nothing newer
};
template <class T>
using OrLater = std::variant<Result<T>, Later>;

struct Obtained {
    Snapshot keys;
    bool just_came;  ///< with a fetch that was waited for
};

}  // namespace authjwks
