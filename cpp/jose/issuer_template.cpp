#include "jose/issuer_template.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace authjwks {
namespace {

constexpr std::size_t kMaxTenantBytes = 64;

bool is_alphanumeric(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

bool is_tenant(std::string_view text, std::string_view marks) {
    return !text.empty() && text.size() <= kMaxTenantBytes && is_alphanumeric(text.front()) &&
           std::ranges::all_of(text, [marks](char letter) {
               return is_alphanumeric(letter) || marks.find(letter) != std::string_view::npos;
           });
}

bool is_label(std::string_view text) {
    const auto is_letter = [](char letter) { return is_alphanumeric(letter) || letter == '-'; };
    return !text.empty() && std::ranges::all_of(text, is_letter) && text.front() != '-' && text.back() != '-';
}

/// Whether all hosts that end in `rest` are assumed to have one owner: it has at least two labels, and the last is no
/// number, as in an address. Public suffixes of two labels are not known here.
bool fixes_the_owner(std::string_view rest) {
    std::size_t labels = 0;
    std::string_view last;
    while (rest.starts_with('.')) {
        rest.remove_prefix(1);
        last = rest.substr(0, rest.find('.'));
        if (!is_label(last)) return false;
        rest.remove_prefix(last.size());
        ++labels;
    }
    return rest.empty() && labels >= 2 && (last.front() < '0' || last.front() > '9');
}

}  // namespace

IssuerTemplate::IssuerTemplate(std::string_view text) {
    const auto gap = text.find(kGap);
    if (gap == std::string_view::npos || text.find_first_of("{}", gap + kGap.size()) != std::string_view::npos ||
        text.find_first_of("{}") != gap)
        throw std::invalid_argument("an issuer template has exactly one {tenant}");
    before_ = text.substr(0, gap);
    after_ = text.substr(gap + kGap.size());
    const auto host = before_.find("://");
    const bool in_path = host != std::string::npos && before_.find('/', host + 3) != std::string::npos;
    const std::string_view rest_of_host = std::string_view(after_).substr(0, after_.find_first_of("/:"));
    // Several labels could name a server of somebody else, as below "windows.net".
    marks_ = in_path ? "-_." : "-";
    if (host == std::string::npos || (!in_path && !fixes_the_owner(rest_of_host)))
        throw std::invalid_argument("the {tenant} of an issuer template must not choose the server");
}

bool IssuerTemplate::matches(std::string_view issuer) const {
    if (issuer.size() <= before_.size() + after_.size() || !issuer.starts_with(before_) || !issuer.ends_with(after_))
        return false;
    return is_tenant(issuer.substr(before_.size(), issuer.size() - before_.size() - after_.size()), marks_);
}

bool any_matches(const std::vector<IssuerTemplate>& templates, std::string_view issuer) {
    return std::ranges::any_of(templates, [issuer](const IssuerTemplate& each) { return each.matches(issuer); });
}

}  // namespace authjwks
