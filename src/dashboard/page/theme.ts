/** Puts the remembered theme on the page before anything is drawn, so that none flashes. */
import { applyTheme, rememberedTheme } from './theme-choice.js';

applyTheme(rememberedTheme());
