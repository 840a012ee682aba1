// Light, dark, or what the system says; kept for the next visit.

import { el, fill, icon } from './dom.js';

const KEY = 'aime-theme';
const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };

export function themeButton(button) {
    let theme = localStorage.getItem(KEY) ?? 'auto';
    const show = () => {
        document.documentElement.dataset.theme = theme;
        fill(button, icon('theme'),
            el('span', { class: 'theme-label' }, `Theme: ${theme}`));
    };
    button.addEventListener('click', () => {
        theme = NEXT[theme] ?? 'auto';
        localStorage.setItem(KEY, theme);
        show();
    });
    show();
}
