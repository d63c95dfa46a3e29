// What to tell an operator whose configured issuer is not the one that the metadata names.
#pragma once

#include <string>
#include <string_view>

namespace authjwks {

/// Text of a server as a log may show it: quoted, of printable ASCII with all else escaped, at most 200 characters.
std::string excerpt(std::string_view text);

/// How `found` differs from the issuer that is configured, and what to do. Empty if no more can be said than that it
/// does.
std::string_view issuer_hint(std::string_view configured, std::string_view found);

}  // namespace authjwks
