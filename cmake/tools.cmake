# `format` rewrites the sources, `format-check` only tells; `lint` runs clang-tidy over the program's sources.
add_custom_target(format COMMAND ${PROJECT_SOURCE_DIR}/scripts/format.sh VERBATIM)
add_custom_target(format-check COMMAND ${PROJECT_SOURCE_DIR}/scripts/format.sh --check VERBATIM)
add_custom_target(lint COMMAND ${PROJECT_SOURCE_DIR}/scripts/lint.sh ${PROJECT_BINARY_DIR} VERBATIM)
