#include "engine/claim_check.hpp"

#include <algorithm>
#include <array>

#include "base/allocation.hpp"

namespace authjwks {
namespace {

constexpr std::array kTexts{&CheckedClaims::issuer, &CheckedClaims::jwt_id, &CheckedClaims::subject,
                            &CheckedClaims::tenant};
/// In the order of kTexts.
constexpr std::array<std::string_view, kTexts.size()> kTextNames{"iss", "jti", "sub", "tid"};

std::size_t size_of_texts(const CheckedClaims& claims) {
    std::size_t size = 0;
    for (const auto text : kTexts) size += (claims.*text).value_or("").size();
    return size;
}

}  // namespace

CheckedClaims CheckedClaims::of(json::Object claims) {
    CheckedClaims found;
    for (const auto [name, value] : claims) {
        if (name.size() != kTextNames[0].size()) continue;
        const auto* const row = std::ranges::find(kTextNames, name);
        if (row != kTextNames.end()) {
            found.*kTexts[static_cast<std::size_t>(row - kTextNames.begin())] = json::text_of(value);
        } else if (name == "iat") {
            if (const auto seconds = json::as<double>(value)) found.issued_at = Instant{Seconds{*seconds}};
        }
    }
    return found;
}

CachedCheckedClaims::CachedCheckedClaims(const CheckedClaims& claims)
    : text_(std::make_unique_for_overwrite<char[]>(size_of_texts(claims))),
      size_(size_of_texts(claims)),
      claims_(claims) {
    char* end = text_.get();
    for (const auto text : kTexts) {
        if (!(claims.*text)) continue;
        const std::string_view copy(end, (claims.*text)->size());
        end = std::ranges::copy(*(claims.*text), end).out;
        claims_.*text = copy;
    }
}

std::size_t CachedCheckedClaims::bytes() const noexcept {
    return allocation_bytes(sizeof(CachedCheckedClaims)) + allocation_bytes(size_);
}

}  // namespace authjwks
