#include "jose/key.hpp"

#include <atomic>

#include "jose/signature_check.hpp"

namespace authjwks {
namespace {

/// Never the same number twice in a process, so that nothing kept for one key can serve another.
std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Result<PublicKey, KeyFault> PublicKey::bind(const KeyMaterial& material, const Algorithm& algorithm) {
    if (!fits(algorithm, material.type(), material.curve())) return KeyFault::unsupported_alg;
    return PublicKey(next_id(), material.share(), algorithm, material.signature_bytes());
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
    if (signature.size() != signature_bytes_) return false;
    const ossl::Turn turn;
    auto* const check = SignatureCheck::of_this_thread(id_, pkey_.get(), *algorithm_);
    return check != nullptr && check->holds(message, signature);
}

}  // namespace authjwks
