add_test(NAME "docs: every snippet is compiled code" COMMAND ${HAIRLINE_PYTHON} ${PROJECT_SOURCE_DIR}/scripts/check_docs.py)
